"""What is true: the rules of a morning, as functions from frozen values to frozen values.

Nothing here knows the time, a database, a network or a setting. Everything it needs is an argument.
"""
