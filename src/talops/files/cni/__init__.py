"""How this repository installs its CNI: found in its files, and rendered by the tools that it names."""
