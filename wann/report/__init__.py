"""The report: one HTML file that shows a network at work, needs nothing else, and opens from disk.

``write`` finds what belongs to a network, ``build`` collects what the page shows, ``data`` writes it down for the
page's script, ``tables`` and ``inline`` make the parts that need no script, ``page`` puts them together. The page
itself lies beside them: ``page.html``, ``page.css`` and the scripts.
"""
