"""Pictures of the room, and the scenes they show."""
