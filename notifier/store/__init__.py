"""What is remembered: tables, named queries, migrations. Nothing outside this room writes SQL.

`tables` is the schema; `database` opens an engine; each other module holds the queries of one subject, as functions of a
SQLAlchemy connection. Bulk work is Core statements; the caller decides when to commit.
"""
