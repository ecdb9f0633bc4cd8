"""How messages leave and come back: one folder for each provider. Delete the folder and the provider is gone.

`base` says what every channel offers. Channels know nothing of schools, pupils or the database.
"""
