"""photoacoustic"""
