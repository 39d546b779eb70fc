"""Messages on the wire. The `_pb2` modules are made from the `.proto` files by `make proto`."""
