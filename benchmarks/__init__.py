"""What the promises about speed rest on: `python -m benchmarks.journal`."""

import connectors

# The benchmark's own connector is found beside the product's, as any other is.
connectors.__path__.append(f"{__path__[0]}/connectors")
