"""What a cell shows: players, figures, tables."""
