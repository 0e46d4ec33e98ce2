"""Where rows lie: tables, SQLite, PostgreSQL, and the migrations between versions of them."""
