"""The atlas: a page for every theory of the catalogue, from a folder on disk, without a server or a network.

What a page says is computed in `facts` and its neighbours; `figures`, `tables` and `formulas` show it; `book` binds it.
"""
