process.stderr.write('mutants: not built yet\n')
process.exitCode = 70
