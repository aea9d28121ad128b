"""The speech coder: its network, quantiser, frames and files, and how it is trained and released."""
