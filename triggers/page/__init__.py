"""The page for phones: what a run asks, Approve and Object with a passkey or a code, and the live matrix.

    app.include_router(router(house))        # triggers.page.routes

A link opens one run for one person, once, and decides nothing. Who decides proves it there and then. See docs/page.md.
"""
