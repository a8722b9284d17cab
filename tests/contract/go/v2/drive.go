// Tells its version, then takes a call a line and gives an answer a line: the SDK for Go, version 2.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/rekognition"
	"github.com/aws/smithy-go"
)

type call struct {
	Operation string
	Input     json.RawMessage
}

type result struct {
	Status int         `json:"status"`
	Code   string      `json:"code"`
	Answer interface{} `json:"answer"`
}

func fromEnvironment(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
	}, nil
}

func main() {
	client := rekognition.New(rekognition.Options{
		Region:           os.Getenv("AWS_REGION"),
		Credentials:      aws.CredentialsProviderFunc(fromEnvironment),
		EndpointResolver: rekognition.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_REKOGNITION")),
	})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 32<<20)
	answers := json.NewEncoder(os.Stdout)
	tell(answers, map[string]string{"version": aws.SDKVersion})
	for lines.Scan() {
		var one call
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		tell(answers, carryOut(client, one))
	}
}

func tell(answers *json.Encoder, what interface{}) {
	if err := answers.Encode(what); err != nil {
		panic(err)
	}
}

func carryOut(client *rekognition.Client, one call) result {
	method := reflect.ValueOf(client).MethodByName(one.Operation)
	if !method.IsValid() {
		return result{Code: "NotInThisSDK"}
	}
	input := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(one.Input, input.Interface()); err != nil {
		panic(err)
	}
	returned := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
	if err, failed := returned[1].Interface().(error); failed {
		var failure smithy.APIError
		var response *http.ResponseError
		if !errors.As(err, &failure) || !errors.As(err, &response) {
			panic(err)
		}
		return result{Status: response.HTTPStatusCode(), Code: failure.ErrorCode()}
	}
	return result{Status: 200, Answer: returned[0].Interface()}
}
