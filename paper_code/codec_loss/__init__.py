"""Ananthabhotla, Ewert & Paradiso 2019: a network that imitates an MP3 codec, used as a loss."""
