"""How people and marks come in: files and pushes are read, checked row by row, and handed on; nothing is stored here.

Follow one file: `table` (rows of text out of CSV or XLSX) → `presets` (which column is which) → `people` or `marks` (checked
values) → `refusals` (what could not be taken, by name). `drop_folder` finds files, `payload` reads a push over HTTP.
"""
