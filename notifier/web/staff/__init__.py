"""The staff pages: a shell with navigation, sign-in and access, and one module a page."""
