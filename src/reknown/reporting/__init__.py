"""Reports as pages: blocks, plots and one HTML file, of plain values alone."""
