"""What a field theory built out of neurons is, and what data, a source or an action make of it.

For authors of cards. Begin with `Architecture`, `CosineArchitecture` and `theorem`. Knows laws, and nothing that draws
or computes.
"""
