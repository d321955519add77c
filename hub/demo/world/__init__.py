"""The simulated world: `model` says of what it is made, `stories` what happens in it, `build` puts it together."""
