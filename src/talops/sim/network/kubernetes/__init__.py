"""The embedded Kubernetes on a loopback port: TLS, watches, tables and exec around the API that the rehearsals use."""
