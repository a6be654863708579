package main

// transhipGRPC is the built program without lanes.
type transhipGRPC struct{ tranship }

func (transhipGRPC) name() string { return "tranship-grpc" }

func (transhipGRPC) about() string { return "tranship with --transport grpc" }

func (transhipGRPC) copy(j job) (command, error) {
	c := copyTranship(j.binary, j)
	c.args = append(c.args, "--transport", "grpc")
	return c, nil
}
