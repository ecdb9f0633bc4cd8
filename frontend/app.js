// The staff pages' own script. Everything works without it; it makes menus fold, says what has changed since a page was read,
// and never moves what is under the pointer.

import { initAll } from './govuk-frontend.min.js'

document.body.classList.add('js-enabled', 'govuk-frontend-supported')
initAll()

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => window.print())
}

// Whether this computer is on a network at all.

const offline = document.querySelector('[data-offline]')
const sayOffline = () => {
  offline.textContent = navigator.onLine ? '' : 'This computer is offline. What you see may be old, and nothing you send will arrive.'
}
window.addEventListener('offline', sayOffline)
window.addEventListener('online', sayOffline)
if (offline) sayOffline()

// Live pages. The stream says only how much has changed; the page is then asked for again, as the person would do.
// Parts marked data-live-part="still" keep their size and are replaced at once; other parts wait until somebody asks.

const TOO_SOON = 5000

class Live {
  constructor (bar) {
    this.bar = bar
    this.said = bar.querySelector('[data-live-said]')
    this.show = bar.querySelector('[data-live-show]')
    this.read = { changes: Number(bar.dataset.liveChanges), newest: bar.dataset.liveNewest }
    this.asked = 0
    this.show.addEventListener('click', event => { event.preventDefault(); this.refresh('all') })
    document.addEventListener('visibilitychange', () => document.hidden ? this.close() : this.open())
    if (!document.hidden) this.open()
  }

  // A page in the background holds no connection: browsers allow only six to one server.
  open () {
    if (this.stream) return
    this.stream = new EventSource(this.bar.dataset.live)
    this.stream.addEventListener('open', () => { if (this.bar.classList.contains('app-live--stale')) this.say('', false) })
    this.stream.addEventListener('seen', event => this.heard(JSON.parse(event.data)))
    this.stream.addEventListener('ended', () => this.stop('You are signed out, so this page no longer updates itself. Refresh to sign in.'))
    this.stream.addEventListener('error', () => {
      if (this.stream && this.stream.readyState === EventSource.CLOSED) this.stop('This page does not update itself just now. Refresh to see what is new.')
      else this.say('Connection lost. Trying again; what you see may be old.', true)
    })
  }

  close () {
    if (this.stream) this.stream.close()
    this.stream = null
  }

  stop (words) {
    this.close()
    this.say(words, true)
  }

  say (words, stale) {
    this.bar.classList.toggle('app-live--stale', stale)
    if (this.said.textContent !== words) this.said.textContent = words
  }

  heard (seen) {
    const number = seen.changes - this.read.changes
    const changed = number !== 0 || seen.newest !== this.read.newest
    this.bar.classList.toggle('app-live--changed', changed)
    if (!changed) return
    const words = number > 0 ? `${number} ${number === 1 ? 'change' : 'changes'}: show` : 'Something changed: show'
    if (this.show.textContent !== words) this.show.textContent = words
    this.still(seen)
  }

  // At most one request in a few seconds, and the last change is never missed.
  still () {
    if (!document.querySelector('[data-live-part="still"]') || this.waiting) return
    const wait = Math.max(0, this.asked + TOO_SOON - Date.now()) + Math.random() * 1000
    this.waiting = setTimeout(() => { this.waiting = null; this.refresh('still') }, wait)
  }

  async refresh (which) {
    this.asked = Date.now()
    let page
    try {
      const answer = await fetch(window.location.href, { credentials: 'same-origin', redirect: 'error' })
      if (!answer.ok) throw new Error(`${answer.status}`)
      page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    } catch {
      if (which === 'all') window.location.reload()
      return
    }
    let left = 0
    for (const part of document.querySelectorAll('[data-live-part]')) {
      if (which === 'still' && part.dataset.livePart !== 'still') continue
      const fresh = part.id && page.getElementById(part.id)
      if (!fresh) continue
      if (busy(part, which)) { left += 1; continue }
      part.replaceWith(document.adoptNode(fresh))
      if (window.htmx) window.htmx.process(fresh)
      initAll({ scope: fresh })
    }
    if (which === 'all') this.caughtUp(page, left)
  }

  caughtUp (page, left) {
    const bar = page.querySelector('[data-live]')
    if (!bar) { window.location.reload(); return }
    this.read = { changes: Number(bar.dataset.liveChanges), newest: bar.dataset.liveNewest }
    this.bar.querySelector('[data-live-time]').textContent = bar.querySelector('[data-live-time]').textContent
    this.bar.classList.remove('app-live--changed')
    this.show.textContent = 'Refresh'
    this.say(left ? 'What you are writing in was left as it is.' : 'Up to date.', false)
    if (!document.querySelector('[data-live-part]')) window.location.reload()
  }
}

// Somebody works in this part: the keyboard is in it, something typed differs, or the pointer rests on it.
function busy (part, which) {
  if (which === 'still' && (part.matches(':hover') || part.contains(document.activeElement))) return true
  const fields = part.querySelectorAll('input, textarea, select')
  return [...fields].some(field => field.type === 'checkbox' || field.type === 'radio'
    ? field.checked !== field.defaultChecked
    : field.tagName === 'SELECT' ? [...field.options].some(option => option.selected !== option.defaultSelected) && field.selectedIndex > 0
      : field.value !== field.defaultValue)
}

// Number keys press the buttons of a group while nobody is writing. They can be turned off for good on this computer; nothing that
// is held down with another key, or repeated by holding it, counts.

const KEYS_OFF = 'notifier-number-keys-off'
const keyed = document.querySelector('[data-keys]')
if (keyed) {
  const note = document.querySelector('[data-keys-note]')
  const turn = note.querySelector('[data-keys-off]')
  let off = localStorage.getItem(KEYS_OFF) === 'yes'
  const say = () => { note.firstChild.textContent = off ? 'Number keys are off. ' : `Keys 1 to ${keyed.querySelectorAll('[data-key]').length} press these while you are not writing. `; turn.textContent = off ? 'Turn them on' : 'Turn the keys off' }
  note.hidden = false
  say()
  turn.addEventListener('click', () => { off = !off; localStorage.setItem(KEYS_OFF, off ? 'yes' : 'no'); say() })
  document.addEventListener('keydown', event => {
    if (off || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    if (event.target.closest('input, textarea, select, [contenteditable]')) return
    const button = keyed.querySelector(`[data-key="${CSS.escape(event.key)}"]`)
    if (button) { event.preventDefault(); button.click() }
  })
}

const bar = document.querySelector('[data-live]')
if (bar && window.EventSource) new Live(bar)
