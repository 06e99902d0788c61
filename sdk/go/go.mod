module skillhost/sdk

go 1.25
