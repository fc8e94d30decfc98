"""The demonstration: scripted model, stand-in, throw-away mesh."""
