"""What the person asks for, by what it is about; mixed into the app, where keys, clicks and messages end."""
