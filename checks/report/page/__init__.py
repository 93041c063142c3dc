"""The parts of the HTML page: each section is made of a document's plain values."""
