"""What a field theory built out of neurons is, and what data, a source or an action make of it.

For authors of cards. Begin with `Architecture`, `CosineArchitecture` and `theorem`. Knows laws, and nothing that draws
or computes.
"""

import lazy_loader

# The public names stand in __init__.pyi; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
