package trace

// UpstreamConnection is what an upstream's script did to a connection.
type UpstreamConnection struct {
	Host string // the upstream's name
	Did  string // "refused a connection"
}

func (u UpstreamConnection) Actor() Actor   { return Actor{RankUpstream, u.Host} }
func (u UpstreamConnection) String() string { return u.Host + " " + u.Did }
