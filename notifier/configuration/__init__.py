"""What a school may change without changing the program: codes, school files, policies and bank holidays, read and checked.

Every file is validated whole; what is wrong is told at once, naming file, key and what is expected (`errors`). The result is
always a frozen value of `notifier.domain`. How the service itself is set up lives in `notifier.settings`, which this room
does not know.
"""
