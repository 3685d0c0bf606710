using Cloud.Modules.Platform.Messaging;
using MassTransit;

namespace Cloud.Host;

/// <summary>Hints between processes over RabbitMQ; <c>CLOUD_BUS</c> is an <c>amqp</c> URI with the credentials.</summary>
internal sealed class RabbitMqTransport : IBusTransport
{
    public void Configure(IBusRegistrationConfigurator bus, string address) =>
        bus.UsingRabbitMq((context, rabbit) =>
        {
            rabbit.Host(new Uri(address));
            rabbit.ReceiveEndpoint("cloud-hints", endpoint =>
            {
                endpoint.SetQuorumQueue();
                endpoint.PrefetchCount = MessagingModule.ConcurrencyMax;
                endpoint.ConcurrentMessageLimit = MessagingModule.ConcurrencyMax;
                endpoint.ConfigureConsumer<HintConsumer>(context);
            });
        });
}
