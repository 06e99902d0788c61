module todo-report

go 1.25

require skillhost/sdk v0.0.0

replace skillhost/sdk => ../..
