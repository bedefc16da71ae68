process.stderr.write('history: not built yet\n')
process.exitCode = 70
