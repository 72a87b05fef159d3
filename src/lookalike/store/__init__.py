"""Where vectors and products are kept."""
