"""Files into frames: encodings and layout (``text``, ``files``), and the gate at the door."""
