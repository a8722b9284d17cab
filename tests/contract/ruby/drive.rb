# Tells its version, then takes a call a line and gives an answer a line: the core of the SDK for
# Ruby.
#
# Debian has no gem for Rekognition. What such a gem adds to the core is a list of operations and
# plugins, which is made here: the signer, the transport, the retries and the errors are the SDK's.
require 'json'
require 'aws-sdk-core'
require 'seahorse/client/plugins/content_length'
%w[credentials_configuration user_agent retry_errors global_configuration regional_endpoint
   stub_responses transfer_encoding signature_v4 protocols/json_rpc].each do |plugin|
  require "aws-sdk-core/plugins/#{plugin}"
end

PLUGINS = [
  Seahorse::Client::Plugins::ContentLength,
  Aws::Plugins::CredentialsConfiguration,
  Aws::Plugins::UserAgent,
  Aws::Plugins::RetryErrors,
  Aws::Plugins::GlobalConfiguration,
  Aws::Plugins::RegionalEndpoint,
  Aws::Plugins::StubResponses,
  Aws::Plugins::TransferEncoding,
  Aws::Plugins::SignatureV4,
  Aws::Plugins::Protocols::JsonRpc
].freeze

module Rekognition
  module Errors
    extend Aws::Errors::DynamicErrors
  end

  API = Seahorse::Model::Api.new.tap do |api|
    api.version = '2016-06-27'
    api.metadata = {
      'endpointPrefix' => 'rekognition', 'jsonVersion' => '1.1', 'protocol' => 'json',
      'serviceId' => 'Rekognition', 'signatureVersion' => 'v4',
      'targetPrefix' => 'RekognitionService'
    }
  end

  class Client < Seahorse::Client::Base
    @identifier = :rekognition
    set_api(API)
    PLUGINS.each { |plugin| add_plugin(plugin) }

    def self.errors_module
      Errors
    end

    class << self
      attr_reader :identifier
    end

    def call(name, params)
      operation = Seahorse::Model::Operation.new.tap do |made|
        made.name = name
        made.http_method = 'POST'
        made.http_request_uri = '/'
        made.input = Seahorse::Model::Shapes::ShapeRef.new(
          shape: Seahorse::Model::Shapes::StructureShape.new
        )
      end
      context = Seahorse::Client::RequestContext.new(
        operation_name: name.to_sym, operation: operation, client: self, params: params,
        config: config
      )
      Seahorse::Client::Request.new(@handlers.for(name.to_sym), context).send_request
    end
  end
end

client = Rekognition::Client.new(
  endpoint: ENV.fetch('AWS_ENDPOINT_URL_REKOGNITION'), simple_json: true
)
$stdout.sync = true
puts JSON.generate(version: Aws::CORE_GEM_VERSION)
$stdin.each_line do |line|
  one = JSON.parse(line)
  begin
    answer = client.call(one['operation'], one['input'])
    result = { status: answer.context.http_response.status_code, code: '', answer: answer.data }
  rescue Aws::Errors::ServiceError => e
    result = { status: e.context.http_response.status_code, code: e.code, answer: {} }
  end
  puts JSON.generate(result)
end
