package grpcdesc

import "google.golang.org/grpc"

// WrapMethods returns a copy of a service description in which wrap has replaced the
// handler of each unary method. wrap gets the method's full name,
// "/package.Service/Method", and its handler.
func WrapMethods(description *grpc.ServiceDesc, wrap func(name string, handler grpc.MethodHandler) grpc.MethodHandler) *grpc.ServiceDesc {
	wrapped := *description
	wrapped.Methods = make([]grpc.MethodDesc, len(description.Methods))
	for i, method := range description.Methods {
		method.Handler = wrap("/"+description.ServiceName+"/"+method.MethodName, method.Handler)
		wrapped.Methods[i] = method
	}
	return &wrapped
}
