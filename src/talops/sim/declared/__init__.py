"""What somebody has written into the API comes to life: workloads, kinds of their own, the network, certificates."""
