"""The doors over HTTP: webhooks, the API for marks, health and metrics, and the plain staff page.

Nothing is decided here: each request is checked, turned into a value and given to a service. `app.build_app` puts the doors
together; `webhooks`, `api`, `health` and `pages` are one door each, `protection` says who may come in by the last one.
"""
