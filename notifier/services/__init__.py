"""The use cases, one module for each verb. A service takes the application, the moment and what it acts on; it never asks for now.

The order of a morning: `take_in`, `decide`, `hand_over`, `receive`, `follow_up`, `reconcile`, `report`. `application` holds what
all of them share. Transactions begin and end here, never inside the store.
"""
