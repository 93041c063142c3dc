"""The only place with weather: everything that touches the network, reads a clock or asks AWS."""
