// A real gridd on a real API server whose pods are played, and what becomes of orders when something fails. All on one control plane, for that takes longest.
import './kill.mjs'
import './faults.mjs'
import './many.mjs'
