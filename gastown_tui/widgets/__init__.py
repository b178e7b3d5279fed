"""Things you can see: each draws a view, speaks by messages, never acts."""
