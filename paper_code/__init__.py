"""The compendium: five perceptual audio losses, from recordings to figures."""
