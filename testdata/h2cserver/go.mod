module example.com/h2cserver

go 1.18

require golang.org/x/net v0.12.0

require golang.org/x/text v0.11.0 // indirect
