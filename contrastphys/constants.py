"""Physical constants in SI (CODATA 2018; exact where the SI defines them)."""

from __future__ import annotations

from math import pi

AVOGADRO = 6.02214076e23  # 1/mol, exact
BOLTZMANN = 1.380649e-23  # J/K, exact
ELEMENTARY_CHARGE = 1.602176634e-19  # C, exact
GAS_CONSTANT = AVOGADRO * BOLTZMANN  # J/(mol K)
HBAR = 1.054571817e-34  # J s
PLANCK = 6.62607015e-34  # J s, exact
LIGHT_SPEED = 299792458.0  # m/s, exact
MU0_4PI = 1.0e-7 * 1.00000000055  # T m/A: vacuum permeability over 4 pi
MU0 = 4 * pi * MU0_4PI
BOHR_MAGNETON = 9.2740100783e-24  # J/T
GAMMA_PROTON = 2.6752218744e8  # rad/(s T)
GAMMA_ELECTRON = 1.76085963023e11  # rad/(s T)
ELECTRON_REST_ENERGY = 510.99895  # keV
ATMOSPHERE = 101325.0  # Pa, exact
ZERO_CELSIUS = 273.15  # K, exact
