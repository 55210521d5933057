"""What came out, for readers: tidy tables, files and pictures.

Begin with `correlators.correlators`, `schemas.SCHEMAS` and `tables.write_table`. Nothing is computed here that another
package could compute.
"""
