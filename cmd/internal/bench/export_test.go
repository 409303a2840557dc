package bench

// BodyFirst is for gateways that tests make of httputil.ReverseProxy.
var BodyFirst = bodyFirst
