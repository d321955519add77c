"""The demo: a simulated world, its systems over real protocols, and what every persona must see of it."""
