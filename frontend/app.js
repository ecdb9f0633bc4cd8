// The staff pages' own script. Everything works without it; it makes menus fold, says what has changed since a page was read,
// and never moves what is under the pointer.

import { initAll } from './govuk-frontend.min.js'

document.body.classList.add('js-enabled', 'govuk-frontend-supported')
initAll()

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => window.print())
}

// Whether this computer is on a network at all. While it says that it is not, a form is sent only after the service has answered:
// a browser's own error page would take the place of what somebody has typed.

const offline = document.querySelector('[data-offline]')
const sayOffline = words => {
  const said = navigator.onLine ? '' : words || 'This computer is offline. What you see may be old, and nothing you send will arrive.'
  if (offline.textContent !== said) offline.textContent = said
}
if (offline) {
  window.addEventListener('offline', () => sayOffline())
  window.addEventListener('online', () => sayOffline())
  sayOffline()
  let sure = false
  document.addEventListener('submit', async event => {
    if (navigator.onLine || sure || event.target.method !== 'post') return
    event.preventDefault()
    if (await reaches()) {
      sure = true
      event.target.requestSubmit(event.submitter)
      sure = false
    } else {
      sayOffline('This computer is offline, so nothing was sent. What you typed is still here: send it again when the network is back.')
      offline.tabIndex = -1
      offline.focus()
    }
  })
}

async function reaches () {
  try {
    return (await fetch('/healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

// Live pages. The stream says only how much has changed; the page is then asked for again, as the person would do.
// Parts marked data-live-part="still" are replaced at once where their size stays; other parts wait until somebody asks.

const TOO_SOON = 5000
const AGAIN_AFTER = 10000
const CAUGHT_UP = 'notifier-caught-up'

class Live {
  constructor (bar) {
    this.bar = bar
    this.said = bar.querySelector('[data-live-said]')
    this.show = bar.querySelector('[data-live-show]')
    this.asked = 0
    this.take(bar)
    this.show.addEventListener('click', event => { event.preventDefault(); this.refresh('all') })
    document.addEventListener('visibilitychange', () => document.hidden ? this.close() : this.open())
    if (sessionStorage.getItem(CAUGHT_UP) === this.show.href) { // after a reload that was asked for here, the keyboard goes on from here
      this.show.focus({ preventScroll: true })
      this.say('Up to date.', false)
    }
    sessionStorage.removeItem(CAUGHT_UP)
    if (!document.hidden) this.open()
  }

  take (bar) {
    this.read = { changes: Number(bar.dataset.liveChanges), newest: bar.dataset.liveNewest, urgent: Number(bar.dataset.liveUrgent) }
  }

  // A page in the background holds no connection: browsers allow only six to one server.
  open () {
    if (this.stream || this.ended) return
    this.stream = new EventSource(this.bar.dataset.live)
    this.stream.addEventListener('open', () => { if (this.bar.classList.contains('app-live--stale')) this.say('', false) })
    this.stream.addEventListener('seen', event => this.heard(JSON.parse(event.data)))
    this.stream.addEventListener('ended', () => this.signedOut())
    this.stream.addEventListener('error', () => this.lost())
  }

  close () {
    clearTimeout(this.again)
    if (this.stream) this.stream.close()
    this.stream = null
  }

  // The browser tries again by itself where there was no answer, and gives up at an answer that is no stream: then we try again.
  async lost () {
    this.say(`Connection lost. What you see is from ${this.age()}. Trying again.`, true)
    if (!this.stream || this.stream.readyState !== EventSource.CLOSED) return
    this.close()
    if (await this.isSignedOut()) this.signedOut()
    else this.again = setTimeout(() => { if (!document.hidden) this.open() }, AGAIN_AFTER)
  }

  async isSignedOut () {
    try {
      return (await fetch(this.show.href, { credentials: 'same-origin', redirect: 'manual' })).type === 'opaqueredirect'
    } catch {
      return false
    }
  }

  signedOut () {
    this.ended = true
    this.close()
    this.say(typing() ? 'You are signed out. Send what you have typed: it is kept while you sign in.' : 'You are signed out, so this page no longer updates itself. Refresh to sign in.', true)
  }

  age () {
    return this.bar.querySelector('[data-live-time]').textContent
  }

  say (words, stale) {
    this.bar.classList.toggle('app-live--stale', stale)
    if (this.said.textContent !== words) this.said.textContent = words
  }

  tell (where, words) {
    const place = this.bar.querySelector(where)
    if (place.textContent !== words) place.textContent = words
  }

  heard (seen) {
    const number = seen.changes - this.read.changes
    const changed = number !== 0 || seen.newest !== this.read.newest
    this.bar.classList.toggle('app-live--changed', changed)
    if (!changed) return
    const words = number > 0 ? `${number} ${number === 1 ? 'change' : 'changes'}: show` : 'Something changed: show'
    if (this.show.textContent !== words) this.show.textContent = words
    this.tell('[data-live-heard]', 'This page has changed.') // once, not at every change of a busy morning
    if (seen.urgent > this.read.urgent) this.tell('[data-live-alarm]', 'An urgent answer has come in.')
    this.still()
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
      const answer = await fetch(this.show.href, { credentials: 'same-origin', redirect: 'manual' })
      if (answer.type === 'opaqueredirect') {
        if (which === 'all' && !typing()) window.location.assign(this.show.href)
        else this.signedOut()
        return
      }
      if (!answer.ok) throw new Error(`${answer.status}`)
      page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    } catch {
      if (which === 'all') this.say(`The page could not be read again. What you see is from ${this.age()}.`, true)
      return
    }
    // With nothing typed that could be lost, the whole page is read anew: every part of it is then of one moment.
    if (which === 'all' && !typing()) {
      sessionStorage.setItem(CAUGHT_UP, this.show.href)
      if (window.location.href === this.show.href) window.location.reload()
      else window.location.assign(this.show.href)
      return
    }
    let left = 0
    for (const part of document.querySelectorAll('[data-live-part]')) {
      if (which === 'still' && part.dataset.livePart !== 'still') continue
      const fresh = part.id && page.getElementById(part.id)
      if (!fresh) continue
      if (busy(part, which)) { left += 1; continue }
      const height = part.offsetHeight
      part.replaceWith(document.adoptNode(fresh))
      if (which === 'still' && fresh.offsetHeight !== height) { // what stands below would move under the pointer
        fresh.replaceWith(part)
        continue
      }
      if (window.htmx) window.htmx.process(fresh)
      initAll({ scope: fresh })
    }
    if (which === 'all') this.caughtUp(page, left)
  }

  caughtUp (page, left) {
    const bar = page.querySelector('[data-live]')
    if (!bar) return
    this.take(bar)
    const marks = page.querySelector('[data-live-marks]')
    if (marks && !left) { // what was new has been shown: an act that follows need not ask whether it was seen
      for (const field of document.querySelectorAll('[data-live-marks]')) field.value = marks.value
    }
    this.tell('[data-live-time]', bar.querySelector('[data-live-time]').textContent)
    this.tell('[data-live-alarm]', '')
    this.tell('[data-live-heard]', '')
    this.bar.classList.remove('app-live--changed')
    this.show.textContent = 'Refresh'
    this.say(left ? 'Up to date. What you are writing in was left as it is.' : 'Up to date. What you typed is still here.', false)
  }
}

// What somebody typed or chose, and has not sent.
function changed (place) {
  return [...place.querySelectorAll('input:not([type="hidden"]), textarea, select')].some(field => field.type === 'checkbox' || field.type === 'radio'
    ? field.checked !== field.defaultChecked
    : field.tagName === 'SELECT' ? [...field.options].some(option => option.selected !== option.defaultSelected) && field.selectedIndex > 0
      : field.value !== field.defaultValue)
}

// A page that came back with what somebody had typed holds it as if it had always stood there; until it is sent, it is theirs too.
function typing () {
  const main = document.querySelector('main')
  return changed(main) || main.querySelector('.govuk-error-summary, [data-typed]') !== null
}

// Somebody works in this part: the keyboard is in it, something typed differs, or the pointer rests on it.
function busy (part, which) {
  return changed(part) || (which === 'still' && (part.matches(':hover') || part.contains(document.activeElement)))
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
