module example.com/propagation

go 1.18
