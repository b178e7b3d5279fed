"""Readings: (state, now) -> what a person looks at. Pure; the headless front, the room and the tests share them."""
