"""Places you can be. A screen lays widgets out and turns their messages into acts of the app."""
