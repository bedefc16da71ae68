process.stderr.write('simulator: not built yet\n')
process.exitCode = 70
